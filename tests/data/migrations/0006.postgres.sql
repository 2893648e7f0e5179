-- What schema 0006 brought: nodes and what one does for all. The revision has its row already.
INSERT INTO nodes VALUES (x'019000000006700080000000000000a0', 'one', '0.1.0', 6000, 6001, 1, 0);
INSERT INTO duties VALUES ('housekeeping', x'019000000006700080000000000000a0', 6100);
