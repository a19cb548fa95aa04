DROP VIEW carrier.pixel_buffer;
DROP VIEW carrier.pixel_transactions;
DROP VIEW carrier.pixel_settings;
DROP VIEW carrier.publishers;
DROP TABLE carrier_click;
DROP TABLE carrier_pixel;
DROP TABLE carrier_pixel_setting;
DROP TABLE carrier_publisher;
