"""The embedded emulator of the ComfyControl API: one pure service over a store, with two doors.

Its facts come from the service's public documentation. Where that is silent, the code says so in a comment and takes
the stricter choice: what the emulator accepts, the service should accept as well. It shares no module with the client,
for a shared one would hide a wrong field name from every test.
"""
