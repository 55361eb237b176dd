"""The pure engine: desired and live in, a plan out. Nothing here does I/O."""
