-- How many ids of subscribers were given to readers whose clocks are so many hours
-- ahead of UTC. The counter 'subscriber' numbered all before; it is the lock of
-- those who add readers. Where it came so far that the first ids of some hours are
-- taken, all begin with the number from which on ids are larger.
INSERT INTO counters (name, value)
  SELECT h.column1, CASE WHEN c.value < 134217728 THEN 0 ELSE 67108863 END
  FROM counters c, (VALUES
    ('subscriber-12'), ('subscriber-11'), ('subscriber-10'), ('subscriber-09'), ('subscriber-08'), ('subscriber-07'),
    ('subscriber-06'), ('subscriber-05'), ('subscriber-04'), ('subscriber-03'), ('subscriber-02'), ('subscriber-01'),
    ('subscriber+00'), ('subscriber+01'), ('subscriber+02'), ('subscriber+03'), ('subscriber+04'), ('subscriber+05'),
    ('subscriber+06'), ('subscriber+07'), ('subscriber+08'), ('subscriber+09'), ('subscriber+10'), ('subscriber+11'),
    ('subscriber+12'), ('subscriber+13'), ('subscriber+14')
  ) AS h
  WHERE c.name = 'subscriber';
