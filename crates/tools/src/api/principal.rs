//! Who is authenticated, and what they may do.

use marketplace::{Actor, ActorKind};
use store::tokens::Token;
use tool_registry::{Scope, ToolName};

use super::Failure;
use crate::Caller;

/// Whoever showed a valid token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    name: String,
    kind: ActorKind,
    scopes: Vec<Scope>,
}

impl Principal {
    pub(super) fn of(token: &Token) -> Self {
        // A scope that this release does not know allows nothing.
        let scopes = token.scopes.iter().filter_map(|scope| scope.parse().ok()).collect();
        Self { name: token.name.clone(), kind: token.actor_kind, scopes }
    }

    /// As it stands in the audit.
    pub fn actor(&self) -> Actor {
        Actor::new(self.kind, self.name.clone())
    }

    /// Whether the token has a scope.
    pub fn has(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope)
    }

    /// Whether the token has the scope of a tool.
    ///
    /// # Errors
    /// [`Failure::ScopeMissing`].
    pub fn may_call(&self, tool: ToolName) -> Result<(), Failure> {
        // A tool without a specification, which there is not, is nobody's to call.
        let scope = tool.spec().map_or(Scope::Operate, |spec| spec.scope);
        if self.has(scope) { Ok(()) } else { Err(Failure::ScopeMissing(scope)) }
    }

    pub(super) fn caller(&self) -> Caller {
        Caller::token(self.kind, &self.name, self.has(Scope::Operate))
    }
}
