-- GET one volunteer, ids at random: -- TOKEN LOW HIGH
-- The requests are made beforehand: to format them in Lua costs as much as a third of an answer.
local requests, next_one = {}, 0

function init(arguments)
    local headers = { ["Authorization"] = "Bearer " .. arguments[1] }
    local low, high = tonumber(arguments[2]), tonumber(arguments[3])
    math.randomseed(tonumber(tostring({}):sub(8)) or os.time())
    for i = 1, 20000 do
        requests[i] = wrk.format("GET", "/api/v1/admin/volunteers/" .. math.random(low, high), headers)
    end
end

function request()
    next_one = next_one % #requests + 1
    return requests[next_one]
end
