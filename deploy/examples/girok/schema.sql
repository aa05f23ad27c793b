CREATE TABLE user (
  user_id           INT          NOT NULL AUTO_INCREMENT PRIMARY KEY,
  email             VARCHAR(255) NOT NULL UNIQUE,
  password          VARCHAR(255) NOT NULL,
  is_activate       TINYINT(1)   NOT NULL DEFAULT 0,
  verification_code VARCHAR(255) NULL
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_general_ci;
