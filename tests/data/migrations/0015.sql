-- What schema 0015 brought: whose an invitation is.
UPDATE invites SET invited_by_id = x'0190000000037000800000000000009f' WHERE invited_by = 'Ada';
