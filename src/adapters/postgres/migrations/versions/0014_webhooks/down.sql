DROP TABLE webhook_delivery;
DROP TABLE webhook_secret;
DROP TABLE webhook_endpoint;
DELETE FROM feed_cursor WHERE reader = 'webhooks';
