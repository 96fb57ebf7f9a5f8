-- The index of a tenant's executions: what they are found and counted by. The beginning of the scripts that read it.
--
-- KEYS: the stream of records, the index, the number of their bytes. The index is a sorted set whose members all have the score 0,
-- so that their order is that of their texts, and of their first 26 characters, the execution's id. A member is
--   id, 26 | at, double | bytes of the record, 4 | duration's class, 1 | level, 1 | trigger, hook, client, request: 8 each
--   | decision, outcome and place in the stream, set apart by spaces
-- The four are hashes: whoever shows a record looks at the record itself.

local stream, index, size = KEYS[1], KEYS[2], KEYS[3]
local ID, NUMBERS, TEXTS, WORDS = 26, 27, 41, 73

-- Numbers and words of a member. No table is made of them: a thousand are looked at in one step.
local function numbers_of(member)
  return struct.unpack('>dI4BB', member, NUMBERS)
end

local function words_of(member)
  return string.match(member, '^(%S+) (%S+) (%S+)$', WORDS)
end
