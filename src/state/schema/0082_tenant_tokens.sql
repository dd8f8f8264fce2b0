-- Tokens for one tenant of an application: auth.tenant_id() says which.

alter table database_tokens
  add column tenant text;
