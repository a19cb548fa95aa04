DROP TABLE carrier_content_link;
DROP TABLE carrier_sms;
