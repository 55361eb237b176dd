"""Talks to the service: requests, pages, retries, the rate limit. Start at `client`, whose Reader has no write."""
