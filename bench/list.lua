-- GET the first page of the volunteers: -- TOKEN QUERY
local path, headers

function init(arguments)
    headers = { ["Authorization"] = "Bearer " .. arguments[1] }
    path = "/api/v1/admin/volunteers?limit=20&" .. arguments[2]
end

function request()
    return wrk.format("GET", path, headers)
end
