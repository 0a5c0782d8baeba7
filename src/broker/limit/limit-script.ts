import { createHash } from "node:crypto";
import { freeUsesMax } from "./memo.ts";

/** Arrival times outlive a full bucket a little, so that keys of members who go on are not made anew all the time. */
const arrivalTtlMinMs = 60_000;

/** Codes of a decision; a positive number is the wait in microseconds. */
export const decisionCode = { free: 0, skipped: -1, charged: -2 } as const;
/** Numbers per item in the answer, after its first: code, remaining, microseconds until the buckets are full. */
export const numbersPerItem = 3;
/** Arguments before those of the items. */
const header = 7;
/** Arguments that one Redis call of the script takes at most: Lua's stack is bounded. */
const chunk = 1_000;
/** Steps of a memo's score: free uses stand below the milliseconds. */
const step = 16;

/**
 * One batch of one mesh (delivery.md §6), all in one moment of the server's clock.
 *
 * KEYS 1: memos, a sorted set whose scores are `milliseconds when written × 16 + free uses`, so that its order is the
 * order of expiry. 2: arrival time of the mesh. 3…: arrival times of the members. An arrival time stands with the time
 * of its writing: only when the clock is *before* that was it set back, and only then is a lead above the maximum
 * clamped to an empty bucket. A longer lead without that is the debt of a broker with another burst, during a rollout.
 *
 * ARGV 1–4: interval and lead of the mesh, of a member; 5: life of a memo in ms; 6: memos of a mesh at most; 7: the time
 * in microseconds, which only tests give. Then for n items n places in KEYS, n groups, n memos.
 *
 * Answers the number of evicted memos, then three numbers an item. Microseconds since 1970 are exact in Lua's numbers.
 * Every key it writes has a time to live. It starts with a shebang, so that a server that may not write refuses it
 * whole.
 */
export const limitScript = `#!lua
local now
if ARGV[7] == "" then
  local time = redis.call("TIME")
  now = tonumber(time[1]) * 1000000 + tonumber(time[2])
else
  now = tonumber(ARGV[7])
end
local nowMs = math.floor(now / 1000)
local ttlMs, memosMax = tonumber(ARGV[5]), tonumber(ARGV[6])
local memos = KEYS[1]
local count = (#ARGV - ${header}) / 3
local dropMax = 2 * count + 16

local function digits(number)
  return string.format("%.0f", number)
end

local function open(key, interval, lead)
  local arrival, at = string.match(redis.call("GET", key) or "", "^(%d+) (%d+)$")
  local bucket = { key = key, interval = interval, lead = lead, arrival = tonumber(arrival), changed = false }
  if arrival == nil or bucket.arrival < now then
    bucket.arrival = now
  elseif tonumber(at) > now and bucket.arrival > now + lead then
    bucket.arrival = now + lead
    bucket.changed = true
  end
  return bucket
end

local function wait(bucket)
  return bucket.arrival + bucket.interval - now - bucket.lead
end

local function charge(bucket)
  bucket.arrival = bucket.arrival + bucket.interval
  bucket.changed = true
end

local function left(bucket)
  return math.max(0, math.floor((now + bucket.lead - bucket.arrival) / bucket.interval))
end

local function keep(bucket)
  if not bucket.changed then return end
  local ms = math.max(${arrivalTtlMinMs}, math.ceil((bucket.arrival - now) / 1000))
  redis.call("SET", bucket.key, digits(bucket.arrival) .. " " .. digits(now), "PX", digits(ms))
end

local function inChunks(command, list)
  for first = 1, #list, ${chunk} do
    redis.call(command, memos, unpack(list, first, math.min(first + ${chunk - 1}, #list)))
  end
end

local function dropMemos(found, fromNewest)
  local number = math.min(found, dropMax)
  if number <= 0 then return 0 end
  if fromNewest then return redis.call("ZREMRANGEBYRANK", memos, digits(-number), "-1") end
  return redis.call("ZREMRANGEBYRANK", memos, "0", digits(number - 1))
end

dropMemos(redis.call("ZCOUNT", memos, "-inf", digits((nowMs - ttlMs + 1) * ${step} - 1)), false)
-- A clock set back makes memos look young again; those from the future go instead of staying for long.
dropMemos(redis.call("ZCOUNT", memos, digits((nowMs + 1) * ${step}), "+inf"), true)

local score = {}
for first = 1, count, ${chunk} do
  local from = ${header} + 2 * count + first
  local last = math.min(from + ${chunk - 1}, #ARGV)
  local found = redis.call("ZMSCORE", memos, unpack(ARGV, from, last))
  for place, text in ipairs(found) do
    local number = tonumber(text or nil)
    if number then
      local writtenMs = math.floor(number / ${step})
      if writtenMs <= nowMs and nowMs - writtenMs < ttlMs then score[ARGV[from + place - 1]] = number end
    end
  end
end

local mesh = open(KEYS[2], tonumber(ARGV[1]), tonumber(ARGV[2]))
local members = {}
for place = 3, #KEYS do
  members[place] = open(KEYS[place], tonumber(ARGV[3]), tonumber(ARGV[4]))
end

local answer = { 0 }
local stopped, touched = {}, {}
for item = 1, count do
  local member = members[tonumber(ARGV[${header} + item])]
  local group = ARGV[${header} + count + item]
  local memo = ARGV[${header} + 2 * count + item]
  local code
  if stopped[group] then
    code = ${decisionCode.skipped}
  elseif score[memo] and score[memo] % ${step} < ${freeUsesMax} then
    score[memo] = score[memo] + 1
    touched[memo] = true
    code = ${decisionCode.free}
  else
    if score[memo] then
      score[memo] = nil
      touched[memo] = true
    end
    -- Both are asked before either is charged: a refusal by one takes nothing from the other.
    code = math.max(wait(mesh), wait(member))
    if code > 0 then
      stopped[group] = true
    else
      charge(mesh)
      charge(member)
      score[memo] = nowMs * ${step}
      touched[memo] = true
      code = ${decisionCode.charged}
    end
  end
  answer[#answer + 1] = code
  answer[#answer + 1] = math.min(left(mesh), left(member))
  answer[#answer + 1] = math.max(mesh.arrival, member.arrival) - now
end

local written, gone = {}, {}
for memo in pairs(touched) do
  if score[memo] then
    written[#written + 1] = digits(score[memo])
    written[#written + 1] = memo
  else
    gone[#gone + 1] = memo
  end
end
inChunks("ZREM", gone)
inChunks("ZADD", written)
if #written > 0 then
  answer[1] = dropMemos(redis.call("ZCARD", memos) - memosMax, false)
  redis.call("PEXPIRE", memos, digits(ttlMs))
end
keep(mesh)
for _, member in pairs(members) do keep(member) end
return answer
`;

export const limitScriptSha = createHash("sha1").update(limitScript).digest("hex");
