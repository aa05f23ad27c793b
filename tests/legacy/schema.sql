-- The monolith's tables. They are not sidegate's: nothing but this file and the seed ever changes their shape.
-- `user` has every column of the real one; most are nullable, and flags are TINYINT(1) that may be NULL.

SET NAMES utf8mb4;
SET FOREIGN_KEY_CHECKS = 0;
DROP TABLE IF EXISTS review, deal, item_photo, item, notice, `user`;
SET FOREIGN_KEY_CHECKS = 1;

CREATE TABLE `user` (
  id                       INT          NOT NULL AUTO_INCREMENT,
  created_time             DATETIME(6)  NULL,
  updated_time             DATETIME(6)  NULL,
  user_type                VARCHAR(20)  NULL,
  is_active                TINYINT(1)   NULL,
  sns_type                 VARCHAR(20)  NULL,
  sns_uid                  VARCHAR(255) NULL,
  email                    TEXT         NOT NULL,
  hashed_password          TEXT         NULL,
  name                     VARCHAR(255) NOT NULL,
  profile_image            TEXT         NULL,
  point                    INT          NULL,
  bpm                      INT          NULL,
  favorite_users           BLOB         NULL,
  interest_items           BLOB         NULL,
  is_agree_push_chat       TINYINT(1)   NULL,
  is_agree_push_keyword    TINYINT(1)   NULL,
  is_agree_push_system     TINYINT(1)   NULL,
  is_agree_push_ad         TINYINT(1)   NULL,
  hashed_bank_password     TEXT         NULL,
  block_users              BLOB         NULL,
  blocked_by               BLOB         NULL,
  bank_password_changed_at DATETIME(6)  NULL,
  is_agent                 TINYINT(1)   NULL,
  followed_by              BLOB         NULL,
  phone                    VARCHAR(30)  NULL,
  quit_at                  DATE         NULL,
  email_backup             TEXT         NULL,
  keyword_list             BLOB         NULL,
  apple_refresh_token      TEXT         NULL,
  grade                    VARCHAR(20)  NULL,
  pampam_name              VARCHAR(255) NULL,
  pampam_position          VARCHAR(255) NULL,
  kg_name                  VARCHAR(255) NULL,
  kg_phone                 VARCHAR(30)  NULL,
  kg_birthday              DATE         NULL,
  kg_gender                VARCHAR(10)  NULL,
  kg_ci                    VARCHAR(255) NULL,
  kg_di                    VARCHAR(255) NULL,
  kg_checked_at            DATETIME(6)  NULL,
  is_restricted            TINYINT(1)   NULL,
  PRIMARY KEY (id),
  KEY ix_user_email (email(191))
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_unicode_ci;

CREATE TABLE item (
  id           INT          NOT NULL AUTO_INCREMENT,
  created_time DATETIME(6)  NULL,
  updated_time DATETIME(6)  NULL,
  owner_id     INT          NOT NULL,
  category     VARCHAR(40)  NOT NULL,
  title        VARCHAR(255) NOT NULL,
  description  TEXT         NULL,
  price        INT          NOT NULL,
  is_sold      TINYINT(1)   NOT NULL DEFAULT 0,
  PRIMARY KEY (id),
  CONSTRAINT fk_item_owner FOREIGN KEY (owner_id) REFERENCES `user` (id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_unicode_ci;

CREATE TABLE item_photo (
  id           INT          NOT NULL AUTO_INCREMENT,
  item_id      INT          NOT NULL,
  filename     VARCHAR(255) NOT NULL,
  content_type VARCHAR(255) NOT NULL,
  size         INT          NOT NULL,
  sha256       CHAR(64)     NOT NULL,
  caption      VARCHAR(255) NULL,
  PRIMARY KEY (id),
  CONSTRAINT fk_photo_item FOREIGN KEY (item_id) REFERENCES item (id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_unicode_ci;

CREATE TABLE deal (
  id           INT         NOT NULL AUTO_INCREMENT,
  created_time DATETIME(6) NULL,
  updated_time DATETIME(6) NULL,
  item_id      INT         NOT NULL,
  buyer_id     INT         NOT NULL,
  seller_id    INT         NOT NULL,
  price        INT         NOT NULL,
  state        VARCHAR(20) NOT NULL,
  memo         TEXT        NULL,
  PRIMARY KEY (id),
  CONSTRAINT fk_deal_item FOREIGN KEY (item_id) REFERENCES item (id),
  CONSTRAINT fk_deal_buyer FOREIGN KEY (buyer_id) REFERENCES `user` (id),
  CONSTRAINT fk_deal_seller FOREIGN KEY (seller_id) REFERENCES `user` (id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_unicode_ci;

CREATE TABLE review (
  id           INT         NOT NULL AUTO_INCREMENT,
  created_time DATETIME(6) NULL,
  deal_id      INT         NOT NULL,
  writer_id    INT         NOT NULL,
  target_id    INT         NOT NULL,
  score        INT         NOT NULL,
  text         TEXT        NULL,
  PRIMARY KEY (id),
  CONSTRAINT fk_review_deal FOREIGN KEY (deal_id) REFERENCES deal (id),
  CONSTRAINT fk_review_writer FOREIGN KEY (writer_id) REFERENCES `user` (id),
  CONSTRAINT fk_review_target FOREIGN KEY (target_id) REFERENCES `user` (id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_unicode_ci;

CREATE TABLE notice (
  id              INT          NOT NULL AUTO_INCREMENT,
  created_time    DATETIME(6)  NULL,
  updated_time    DATETIME(6)  NULL,
  title           VARCHAR(255) NOT NULL,
  body            TEXT         NOT NULL,
  is_pinned       TINYINT(1)   NOT NULL DEFAULT 0,
  attachment      BLOB         NULL,
  attachment_name VARCHAR(255) NULL,
  PRIMARY KEY (id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_unicode_ci;
