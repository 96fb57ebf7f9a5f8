-- Which executions are wanted, and those one after the other, the newest first. Stands between index.lua and who uses them.
--
-- ARGV: how many members to look at; before which id ("" for none), since (-inf for always), until (inf), least level; then trigger,
-- hook, client and request, hashed, decision, outcome: "" for any.

local most, before, since, until_ = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local level, decision, outcome = tonumber(ARGV[5]), ARGV[10], ARGV[11]

local texts = {}
for number = 0, 3 do
  if ARGV[6 + number] ~= '' then
    texts[#texts + 1] = { from = TEXTS + number * 8, hash = ARGV[6 + number] }
  end
end

local function has_texts(member)
  for _, text in ipairs(texts) do
    if string.sub(member, text.from, text.from + 7) ~= text.hash then
      return false
    end
  end
  return true
end

local function has_outcome(its)
  if outcome == 'failure' then
    return its ~= 'answer' and its ~= 'refusal'
  end
  return outcome == '' or outcome == its
end

-- Calls `take` with each, as far as `least` (as ZRANGEBYLEX takes it), until it says that this is enough. Answers before which id to
-- go on; false where there are no more.
local function each_wanted(least, take)
  local last = before == '' and '+' or '(' .. before
  local members = redis.call('ZREVRANGEBYLEX', index, last, least, 'LIMIT', 0, most)
  for _, member in ipairs(members) do
    if has_texts(member) then
      local at, bytes, duration, its_level = numbers_of(member)
      if at >= since and at < until_ and its_level >= level then
        local its_decision, its_outcome, place = words_of(member)
        if (decision == '' or decision == its_decision) and has_outcome(its_outcome) then
          if take(place, bytes, at, duration, its_decision, its_outcome) then
            return string.sub(member, 1, ID)
          end
        end
      end
    end
  end
  return #members == most and string.sub(members[#members], 1, ID)
end
