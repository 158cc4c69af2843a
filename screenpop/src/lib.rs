//! screenpop
