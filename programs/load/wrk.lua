-- Makes wrk, which knows a duration only, send each request once and then end.
--
-- wrk asks for a request whenever a connection is free. When all have been sent, it gets nothing to send;
-- when every connection has asked in vain, every answer is there.

local requests = tonumber(os.getenv("INFLIGHT_REQUESTS"))
local connections = tonumber(os.getenv("INFLIGHT_LIMIT"))
local idle = 0

-- wrk first asks once to check what it gets, and does not send that.
local index = -2

function request()
  index = index + 1
  if index < requests then
    return wrk.format("GET", "/" .. math.max(index, 0))
  end
  idle = idle + 1
  if idle == connections then
    os.exit(0)
  end
  return ""
end
