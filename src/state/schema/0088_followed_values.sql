-- What the values of an environment's databases were when a service's process was started, so that a change of them is seen.

alter table service_processes add column given jsonb;       -- by managed service: what its values hang on
alter table environment_releases add column followed jsonb; -- the values for which services were last started anew
