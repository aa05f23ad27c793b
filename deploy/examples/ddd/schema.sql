CREATE TABLE users (
  id         BIGINT         NOT NULL AUTO_INCREMENT PRIMARY KEY,
  password   VARBINARY(255) NOT NULL,
  nickname   VARCHAR(50)    NOT NULL UNIQUE,
  created_at DATETIME       NULL,
  updated_at DATETIME       NULL
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_general_ci;

CREATE TABLE auths (
  id             BIGINT      NOT NULL AUTO_INCREMENT PRIMARY KEY,
  user_id        BIGINT      NOT NULL,
  identification VARCHAR(50) NOT NULL,
  type           VARCHAR(20) NOT NULL,
  verify_code    VARCHAR(50) NULL,
  is_verified    TINYINT(1)  NOT NULL DEFAULT 0,
  expired_at     DATETIME    NULL,
  created_at     DATETIME    NULL,
  updated_at     DATETIME    NULL,
  CONSTRAINT fk_auths_user FOREIGN KEY (user_id) REFERENCES users (id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_general_ci;
