"""How a request reaches the service: start at transport; proxies reads the environment, deadline bounds the sockets."""
