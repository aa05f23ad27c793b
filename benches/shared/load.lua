-- The load that wrk sends. Options after "--": tokens=FILE (one per line, used in turn), rate=N requests per second
-- over all connections, logins=N (log in as users 1 to N in turn), password=TEXT, statuses=1 (count the answers by status).
--
-- With a rate, every request has a slot in a schedule that does not wait for slow answers. wrk's timer has
-- steps of a millisecond, so slots are taken in small groups.

local ffi = require("ffi")
ffi.cdef [[
  typedef struct { long seconds; long nanoseconds; } bench_time;
  int clock_gettime(int clock, bench_time *now);
]]
local MONOTONIC = 1
local time = ffi.new("bench_time")

local function milliseconds()
  ffi.C.clock_gettime(MONOTONIC, time)
  return tonumber(time.seconds) * 1000 + tonumber(time.nanoseconds) / 1e6
end

local thread_of_load
slots, late, worst = 0, 0, 0
ok, busy, other = 0, 0, 0

function setup(thread) thread_of_load = thread end

local function take_in_turn(requests)
  local at = 0
  function request()
    at = at % #requests + 1
    return requests[at]
  end
end

local function send_tokens(file)
  local requests = {}
  for token in io.lines(file) do
    requests[#requests + 1] = wrk.format("GET", nil, { ["Authorization"] = "Bearer " .. token, ["Host"] = wrk.headers["Host"] })
  end
  take_in_turn(requests)
end

local function send_logins(count, password)
  local requests = {}
  local headers = { ["Content-Type"] = "application/json", ["Host"] = wrk.headers["Host"] }
  for user = 1, count do
    local body = string.format('{"email":"user%d@example.com","password":"%s"}', user, password)
    requests[user] = wrk.format("POST", nil, headers, body)
  end
  take_in_turn(requests)
end

local function keep_rate(rate)
  local step, slot = 1000 / rate, nil
  function delay()
    local now = milliseconds()
    slot = slot and slot + step or now
    slots = slots + 1
    if slot >= now then return slot - now end
    if now - slot > 2 then late = late + 1 end
    worst = math.max(worst, now - slot)
    return 0
  end
end

local function count_statuses()
  function response(status)
    if status == 200 then ok = ok + 1 elseif status == 503 then busy = busy + 1 else other = other + 1 end
  end
end

function init(arguments)
  local options = {}
  for _, argument in ipairs(arguments) do
    local name, value = argument:match("^(%w+)=(.*)$")
    if name then options[name] = value end
  end
  if options.tokens then send_tokens(options.tokens) end
  if options.logins then send_logins(tonumber(options.logins), options.password) end
  if options.rate then keep_rate(tonumber(options.rate)) end
  if options.statuses then count_statuses() end
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    'RESULT {"requests":%d,"seconds":%.6f,"p50":%.1f,"p99":%.1f,"p999":%.1f,"refused":%d,"broken":%d,"slots":%d,"late":%d,"worst":%.1f,"ok":%d,"busy":%d,"other":%d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50), latency:percentile(99), latency:percentile(99.9),
    errors.status, errors.connect + errors.read + errors.write + errors.timeout,
    thread_of_load:get("slots"), thread_of_load:get("late"), thread_of_load:get("worst"),
    thread_of_load:get("ok"), thread_of_load:get("busy"), thread_of_load:get("other")))
end
