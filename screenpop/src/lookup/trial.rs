//! Tries every source without a caller, for an administrator who wants to know whether they answer.

use super::{Query, ScreenPop, Source};
use crate::sources::sqlite::{Bind, Limit};
use std::{
    sync::{Arc, atomic::AtomicBool},
    time::{Duration, Instant},
};

impl ScreenPop {
    /// Runs every query of every source once, for nobody, within the source's deadline; by source, what is wrong with it.
    /// All sources at once, and none for longer than `within`.
    pub async fn try_out(&self, within: Duration) -> Vec<(String, Result<(), String>)> {
        let tried = self.sources.iter().map(|source| async move {
            let late =
                || Err(format!("not all of its queries are answered within {} s", within.as_secs_f64()));
            let found = tokio::time::timeout(within, source.try_out()).await.unwrap_or_else(|_| late());
            (source.spec.name.clone(), found)
        });
        futures_util::future::join_all(tried).await
    }
}

impl Source {
    async fn try_out(&self) -> Result<(), String> {
        self.try_query("find", &self.find).await?;
        for plan in &self.sections {
            self.try_query(&format!("sections.{}", plan.name), &plan.query).await?;
        }
        Ok(())
    }
    async fn try_query(&self, key: &str, query: &Query) -> Result<(), String> {
        let limit = Limit {
            deadline: Instant::now() + self.spec.deadline,
            cancelled: Arc::new(AtomicBool::new(false)),
        };
        let nobody = query.binds_nothing();
        let answer = self.sqlite.rows(Arc::clone(&query.sql), nobody, limit).await;
        answer.map(|_| ()).map_err(|error| format!("{key}: {error}"))
    }
}

impl Query {
    fn binds_nothing(&self) -> Vec<Bind> {
        vec![Bind::Null; self.parameters()]
    }
}
