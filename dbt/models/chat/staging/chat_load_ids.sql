{{ pin_loads(source('chat_raw', '_loads')) }}
