-- GET paths in turn, without a login: -- TOKEN PATH …
local requests, next_one = {}, 0

function init(arguments)
    for i = 2, #arguments do
        requests[i - 1] = wrk.format("GET", arguments[i])
    end
    next_one = math.random(#requests)
end

function request()
    next_one = next_one % #requests + 1
    return requests[next_one]
end
