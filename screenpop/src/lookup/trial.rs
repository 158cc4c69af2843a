//! Tries every source without a caller, for an administrator who wants to know whether they answer.

use super::{Query, ScreenPop, Source};
use crate::sources::sqlite::{Bind, Limit};
use std::{
    sync::{Arc, atomic::AtomicBool},
    time::Instant,
};

impl ScreenPop {
    /// Runs every query of every source once, for nobody, within the source's deadline; by source, what is wrong with it.
    pub async fn try_out(&self) -> Vec<(String, Result<(), String>)> {
        let mut told = Vec::new();
        for source in &self.sources {
            told.push((source.spec.name.clone(), source.try_out().await));
        }
        told
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
