{{ pin_loads(source('ecommerce_raw', '_loads')) }}
