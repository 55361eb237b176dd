"""The status over HTTP: a page, JSON, Prometheus metrics and two probes. It has no verb that writes."""
