-- Why a body is not kept whole has more reasons (`request_cut`, `response_cut`). The request
-- itself is incomplete: 6 the client did not send all of it, 7 the application did not read
-- all of it, 8 it is longer than the server takes, 9 its chunks are malformed, 10 it was
-- answered before it had come; `request_size` is then what its head announces, where that
-- does. The response is: 11 the client did not take all of it, 12 it broke off.
--
-- Until now `request_size` was what came, and nothing told that more was to come. Why it
-- did not is not known any more (5).
UPDATE exchange SET request_size = head.length, request_cut = coalesce(request_cut, 5)
FROM (
  SELECT at, CAST(ltrim(substr(
    text, instr(lower(text), char(13, 10) || 'content-length:') + 17, 40
  )) AS INTEGER) AS length
  FROM (SELECT at, CAST(request_head AS TEXT) AS text FROM content)
  WHERE instr(lower(text), char(13, 10) || 'content-length:') > 0
) AS head
WHERE head.at = exchange.at AND head.length > exchange.request_size
  AND exchange.outcome IS NOT NULL
  AND exchange.method NOT IN ('-', 'GET', 'HEAD', 'OPTIONS')
  AND exchange.run IN (SELECT id FROM run WHERE kind = 0);
