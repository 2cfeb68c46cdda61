-- GET statistics: -- TOKEN PATH LOW HIGH; {unit} in the path is a random id from LOW to HIGH
local path, headers, low, high

function init(arguments)
    headers = { ["Authorization"] = "Bearer " .. arguments[1] }
    path, low, high = arguments[2], tonumber(arguments[3]), tonumber(arguments[4])
    math.randomseed(os.time() + tonumber(tostring({}):match("0x(%x+)"), 16) % 100000)
end

function request()
    local at = path:gsub("{unit}", tostring(math.random(low, high)))
    return wrk.format("GET", "/api/v1/admin/statistics/" .. at, headers)
end
