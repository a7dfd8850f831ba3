{{ pin_loads(source('support_raw', '_loads')) }}
