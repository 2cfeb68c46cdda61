-- POST volunteers, each a new one: -- TOKEN RUN
local headers, run, count

function init(arguments)
    headers = { ["Authorization"] = "Bearer " .. arguments[1], ["Content-Type"] = "application/json" }
    run, count = tonumber(arguments[2]), 0
end

function request()
    count = count + 1
    local body = string.format(
        '{"name":"测试%05d%07d","unit_id":1,"phone":"136%08d","birth_date":"1990-01-01",' ..
        '"consent":{"policy_version":"1"}}', run, count, (run * 100003 + count) % 100000000)
    return wrk.format("POST", "/api/v1/admin/volunteers", headers, body)
end
