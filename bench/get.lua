-- GET one volunteer, ids at random: -- TOKEN LOW HIGH
local low, high, headers

function init(arguments)
    headers = { ["Authorization"] = "Bearer " .. arguments[1] }
    low, high = tonumber(arguments[2]), tonumber(arguments[3])
    math.randomseed(tonumber(tostring({}):sub(8)) or os.time())
end

function request()
    return wrk.format("GET", "/api/v1/admin/volunteers/" .. math.random(low, high), headers)
end
