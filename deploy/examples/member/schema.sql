CREATE DATABASE IF NOT EXISTS member CHARACTER SET utf8mb4;

CREATE DATABASE IF NOT EXISTS auth CHARACTER SET utf8mb4;

CREATE TABLE member.user (
  user_no CHAR(36)    NOT NULL DEFAULT (UUID()) PRIMARY KEY,
  user_id VARCHAR(50) NOT NULL UNIQUE
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_general_ci;

CREATE TABLE member.profile (
  user_no      CHAR(36)     NOT NULL PRIMARY KEY,
  name         VARCHAR(50)  NULL,
  nickname     VARCHAR(50)  NULL,
  introduction VARCHAR(255) NULL,
  join_date    DATETIME     NULL,
  update_date  DATETIME     NULL
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_general_ci;

CREATE TABLE member.authenctication (
  user_no      CHAR(36)    NOT NULL PRIMARY KEY,
  role         VARCHAR(20) NULL,
  gather_agree TINYINT(1)  NULL,
  cell_phone   VARCHAR(20) NULL,
  birthday     DATE        NULL,
  sex          VARCHAR(10) NULL
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_general_ci;

CREATE TABLE auth.password (
  user_no       CHAR(36)     NOT NULL PRIMARY KEY,
  password      VARCHAR(255) NOT NULL,
  refresh_token TEXT         NULL
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_general_ci;
