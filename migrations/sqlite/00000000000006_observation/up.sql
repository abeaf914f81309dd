-- What /metrics and /readyz look at. Turns apart, each index is as long as what is open or went wrong.
CREATE INDEX turns_settled ON turns (settled_at, id) WHERE settled_at IS NOT NULL;
CREATE INDEX outbox_ended ON outbox (settled_at) WHERE state IN ('failed', 'cancelled');
CREATE INDEX requests_open ON requests (state) WHERE state NOT IN ('handed_off', 'closed');
CREATE INDEX audit_records_refused ON audit_records (at) WHERE outcome = 'refused';
