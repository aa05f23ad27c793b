-- The rows every test starts from. Loading it again restores them, ids and counters included.
-- Hashes are precomputed bcrypt with fixed salts: cost 12 for the first member, cost 4 for the rest, so that tests are fast.
--
--   id | e-mail                  | plain password                    | what it is for
--   ---+-------------------------+-----------------------------------+---------------
--    1 | minji@example.com       | minji-pass-1                      | active; the ordinary member; cost 12
--    2 | admin@example.com       | admin-pass-2                      | active administrator
--    3 | banned@example.com      | banned-pass-3                     | banned (is_restricted)
--    4 | withdrawn@example.com   | withdrawn-pass-4                  | withdrawn (is_active 0, quit_at set)
--    5 | nullstate@example.com   | nullstate-pass-5                  | is_restricted NULL, is_active 1: may sign in
--    6 | social@example.com      | (none)                            | social account: hashed_password NULL
--    7 | jiwoo@example.com       | 비밀번호-7🔑                           | Korean name with an emoji; password with both
--    8 | longpass@example.com    | see below                         | password of 80 bytes: only the first 72 count
--    9 | old2a@example.com       | old2a-pass-9                      | $2a$ hash
--   10 | old2y@example.com       | old2y-pass-10                     | $2y$ hash
--   11 | twice@example.com       | twice-old-pass-11                 | same address as 12: the withdrawn row
--   12 | twice@example.com       | twice-pass-12                     | same address as 11: the active row, which wins
--   13 | both@example.com        | both-pass-13                      | banned and withdrawn: banned is reported; address not free before 2100
--   14 | nullactive@example.com  | nullactive-pass-14                | is_active NULL, is_restricted NULL: may sign in
--   15 | Mixed.Case@Example.com  | mixed-pass-15                     | address stored in mixed case; staff
--
-- The password of 8, 80 bytes between the quotes:
--   "correct horse battery staple, correct horse battery staple, correct horse batter"
-- The rows 1 to 15 are the only ones; a sign-up gets 101 and up.

SET NAMES utf8mb4;
SET FOREIGN_KEY_CHECKS = 0;
TRUNCATE TABLE review;
TRUNCATE TABLE deal;
TRUNCATE TABLE item_photo;
TRUNCATE TABLE item;
TRUNCATE TABLE notice;
-- Not TRUNCATE: whoever follows the row events of this table has to see the rows go.
DELETE FROM `user`;
ALTER TABLE `user` AUTO_INCREMENT = 101;

INSERT INTO `user` (id, created_time, updated_time, user_type, is_active, email, hashed_password, name, profile_image, point, bpm, favorite_users, interest_items, is_agree_push_chat, is_agree_push_keyword, is_agree_push_system, is_agree_push_ad, hashed_bank_password, bank_password_changed_at, is_agent, followed_by, phone, keyword_list, grade, pampam_name, pampam_position, kg_name, kg_phone, kg_birthday, kg_gender, kg_ci, kg_di, kg_checked_at, is_restricted)
  VALUES (1, '2024-01-01 09:01:00.000000', '2024-02-01 10:00:00.500000', 'user', 1, 'minji@example.com', '$2b$12$iRIly/PSm5BNMHcC1TyFhOca8ZkCn9O6kt9chDLUog7i08M6qAqva', 'Minji', 'https://cdn.example.com/p/1.png', 1500, 72, '[2, 7]', '[1, 2]', 1, 0, 1, 0, 'not-a-hash-that-anything-reads', '2024-02-03 04:05:06.789000', 0, '[7]', '010-1234-0001', '["camera"]', 'gold', 'Minji''s shop', 'Seoul', 'Kim Minji', '01012340001', '1994-05-06', 'F', 'ci-0001', 'di-0001', '2024-01-02 03:04:05.000001', 0);
INSERT INTO `user` (id, created_time, updated_time, user_type, is_active, email, hashed_password, name, point, is_agree_push_chat, is_agree_push_keyword, is_agree_push_system, is_agree_push_ad, is_agent, grade, is_restricted)
  VALUES (2, '2024-01-02 09:02:00.123456', '2024-02-02 10:00:00.000000', 'admin', 1, 'admin@example.com', '$2b$04$46RaxziOBiYXHTTWHwguFu8fbBLEFlxAFF82o/gGWuHgq3dfOCX1e', 'Administrator', 0, 0, 0, 1, 0, 1, 'staff', 0);
INSERT INTO `user` (id, created_time, updated_time, user_type, is_active, email, hashed_password, name, point, is_restricted)
  VALUES (3, '2024-01-03 09:03:00.000000', '2024-02-03 10:00:00.000000', 'user', 1, 'banned@example.com', '$2b$04$xa0zLkh0j1o6br3GMS3xo.qO3Qsc9mRq7aK2HBfFCtplIc5BzGmXy', 'Banned', 10, 1);
INSERT INTO `user` (id, created_time, updated_time, user_type, is_active, email, hashed_password, name, point, quit_at, email_backup, is_restricted)
  VALUES (4, '2024-01-04 09:04:00.123456', '2024-02-04 10:00:00.000000', 'user', 0, 'withdrawn@example.com', '$2b$04$JSalJmAKTPPaRtkk7rrtOub8.H.7.XGo6ReK0u7DHKMs8gXAoD/ga', 'Withdrawn', 0, '2024-03-01', 'withdrawn@example.com', 0);
INSERT INTO `user` (id, created_time, updated_time, user_type, is_active, email, hashed_password, name)
  VALUES (5, '2024-01-05 09:05:00.000000', '2024-02-05 10:00:00.000000', 'user', 1, 'nullstate@example.com', '$2b$04$APi1lZMQ..ZflqBBsm.vA.QBQ8Br6cOHR6XYZEllDkPXKjAbNssuK', 'Null State');
INSERT INTO `user` (id, created_time, updated_time, user_type, is_active, sns_type, sns_uid, email, name, is_restricted)
  VALUES (6, '2024-01-06 09:06:00.123456', '2024-02-06 10:00:00.000000', 'user', 1, 'kakao', 'kakao-600600', 'social@example.com', 'Social', 0);
INSERT INTO `user` (id, created_time, updated_time, user_type, is_active, email, hashed_password, name, point, bpm, is_agree_push_chat, is_agree_push_keyword, is_agree_push_system, is_agree_push_ad, is_agent, phone, grade, pampam_name, pampam_position, is_restricted)
  VALUES (7, '2024-01-07 09:07:00.000000', '2024-02-07 10:00:00.000000', 'user', 1, 'jiwoo@example.com', '$2b$04$jNHsq6Wzwjoh/A0wJW/HCeI32CCmvZ8sijecXvDhWCRXP5fa0N3lq', '김지우 🐼', -5, 0, 1, 1, 1, 1, 0, '010-1234-0007', 'silver', '지우네 가게 "오늘" <1>', '서울/마포', 0);
INSERT INTO `user` (id, created_time, updated_time, user_type, is_active, email, hashed_password, name, is_restricted)
  VALUES (8, '2024-01-08 09:08:00.123456', '2024-02-08 10:00:00.000000', 'user', 1, 'longpass@example.com', '$2b$04$dnLTuMTa1gwuj6vw6jVT5OEeutOJwryX05hkmyOg.9HDufS0caKk.', 'Long Password', 0);
INSERT INTO `user` (id, created_time, updated_time, user_type, is_active, email, hashed_password, name, is_restricted)
  VALUES (9, '2024-01-09 09:09:00.000000', '2024-02-09 10:00:00.000000', 'user', 1, 'old2a@example.com', '$2a$04$UXrG4LbZ88yHfD8FVs4zCeJ9JxNfV6/tlo5nDBt8OATVPeXh6ZSai', 'Old 2a', 0);
INSERT INTO `user` (id, created_time, updated_time, user_type, is_active, email, hashed_password, name, is_restricted)
  VALUES (10, '2024-01-10 09:10:00.123456', '2024-02-10 10:00:00.000000', 'user', 1, 'old2y@example.com', '$2y$04$lDWW5mrgEhCEdWMAp.b1Aua2BfaWIV97.J.VEp.pgZVZ5mH0ox1Yq', 'Old 2y', 0);
INSERT INTO `user` (id, created_time, updated_time, user_type, is_active, email, hashed_password, name, quit_at, is_restricted)
  VALUES (11, '2024-01-11 09:11:00.000000', '2024-02-11 10:00:00.000000', 'user', 0, 'twice@example.com', '$2b$04$RsiS7MuEIIxbYGUF5vtHsepKttnKgLi0RKBSYiHIMQVwKqZfNYTJC', 'Twice (gone)', '2024-01-10', 0);
INSERT INTO `user` (id, created_time, updated_time, user_type, is_active, email, hashed_password, name, point, is_restricted)
  VALUES (12, '2024-01-12 09:12:00.123456', '2024-02-12 10:00:00.000000', 'user', 1, 'twice@example.com', '$2b$04$RsiS7MuEIIxbYGUF5vtHsedCzs8mIx8xDxENtJ04QnEO.hm69e4MO', 'Twice (back)', 300, 0);
INSERT INTO `user` (id, created_time, updated_time, user_type, is_active, email, hashed_password, name, quit_at, is_restricted)
  VALUES (13, '2024-01-13 09:13:00.000000', '2024-02-13 10:00:00.000000', 'user', 0, 'both@example.com', '$2b$04$3KAgPSAM66sPskpljqwknerfDDAQgrQbod8AuKGyaoJ.fsRvtJSla', 'Banned And Gone', '2099-12-31', 1);
INSERT INTO `user` (id, created_time, email, hashed_password, name)
  VALUES (14, '2024-01-14 09:14:00.123456', 'nullactive@example.com', '$2b$04$XGoLi.848JTv8DIWFour6uDq0QtLQS5QYATLO9OHuXi2z.KaIULXe', 'Null Active');
INSERT INTO `user` (id, created_time, updated_time, user_type, is_active, email, hashed_password, name, is_restricted)
  VALUES (15, '2024-01-15 09:15:00.000000', '2024-02-15 10:00:00.000000', 'staff', 1, 'Mixed.Case@Example.com', '$2b$04$1wV3o/ngdOfvHxBfertpO.w6SshaqUIuzPGQvZEH9fhOrQ5idfjhK', 'Mixed Case', 0);

INSERT INTO item (id, created_time, updated_time, owner_id, category, title, description, price, is_sold) VALUES
  (1, '2024-03-01 12:00:00.000000', '2024-03-01 12:30:00', 1, 'camera', 'Film camera', 'Works, with a strap', 120000, 0),
  (2, '2024-03-02 12:00:00.000000', '2024-03-02 12:30:00', 1, 'camera', 'Lens 50mm', NULL, 90000, 0),
  (3, '2024-03-03 12:00:00.250000', '2024-03-03 12:30:00', 7, '패션', '겨울 코트 🧥', '따뜻해요', 45000, 0),
  (4, '2024-03-04 12:00:00.000000', '2024-03-04 12:30:00', 7, 'book', 'Rust 책', '밑줄 "조금" 있음', 15000, 1),
  (5, '2024-03-05 12:00:00.000000', '2024-03-05 12:30:00', 12, 'book', 'SQL & friends', 'a <b> c', 8000, 0),
  (6, '2024-03-06 12:00:00.250000', '2024-03-06 12:30:00', 2, 'home', 'Lamp', NULL, 0, 0),
  (7, '2024-03-07 12:00:00.000000', '2024-03-07 12:30:00', 1, 'home', '100% wool rug', 'under_score', 30000, 0),
  (8, '2024-03-08 12:00:00.000000', '2024-03-08 12:30:00', 9, 'camera', 'Tripod', NULL, 20000, 0),
  (9, '2024-03-09 12:00:00.250000', '2024-03-09 12:30:00', 10, 'toys/games', 'Board game', 'slash in the category', 12000, 0),
  (10, '2024-03-10 12:00:00.000000', '2024-03-10 12:30:00', 7, '패션', '모자', NULL, 7000, 0),
  (11, '2024-03-11 12:00:00.000000', '2024-03-11 12:30:00', 5, 'home', 'Chair', '', 25000, 0),
  (12, '2024-03-12 12:00:00.250000', '2024-03-12 12:30:00', 1, 'book', 'Cookbook', 'last', 5000, 0);
ALTER TABLE item AUTO_INCREMENT = 101;
ALTER TABLE item_photo AUTO_INCREMENT = 101;

INSERT INTO deal (id, created_time, updated_time, item_id, buyer_id, seller_id, price, state, memo) VALUES
  (1, '2024-04-01 08:00:00', '2024-04-01 09:00:00', 4, 1, 7, 15000, 'accepted', '현관 앞에 놓아주세요'),
  (2, '2024-04-02 08:00:00', '2024-04-02 09:00:00', 3, 1, 7, 40000, 'proposed', NULL),
  (3, '2024-04-03 08:00:00', '2024-04-03 09:00:00', 1, 7, 1, 110000, 'proposed', NULL),
  (4, '2024-04-04 08:00:00', '2024-04-04 09:00:00', 5, 1, 12, 8000, 'cancelled', NULL),
  (5, '2024-04-05 08:00:00', '2024-04-05 09:00:00', 8, 12, 9, 20000, 'accepted', NULL);
ALTER TABLE deal AUTO_INCREMENT = 101;

INSERT INTO review (id, created_time, deal_id, writer_id, target_id, score, text) VALUES
  (1, '2024-05-01 10:00:00', 1, 7, 1, 5, '좋은 거래였어요 👍'),
  (2, '2024-05-02 10:00:00.000100', 5, 12, 9, 3, NULL),
  (3, '2024-05-03 10:00:00', 5, 9, 12, 4, 'fine');
ALTER TABLE review AUTO_INCREMENT = 101;

INSERT INTO notice (id, created_time, updated_time, title, body, is_pinned, attachment, attachment_name) VALUES
  (1, '2024-05-01 00:00:00', '2024-05-01 00:00:00', '점검 안내', '새벽 2시부터 4시까지 점검합니다.', 1, NULL, NULL),
  (2, '2024-05-05 00:00:00', '2024-05-06 07:08:09', 'Terms & conditions <v2>', 'Please read the attachment.', 0, X'255044462D312E340A00FF0D0A25454F46', '이용약관 v2.pdf'),
  (3, '2024-05-09 00:00:00', '2024-05-09 00:00:00', 'Thanks', 'Ten thousand members 🎉', 0, NULL, NULL);
ALTER TABLE notice AUTO_INCREMENT = 101;

SET FOREIGN_KEY_CHECKS = 1;
