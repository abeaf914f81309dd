DROP TABLE ocr_jobs;
DROP TABLE media;
