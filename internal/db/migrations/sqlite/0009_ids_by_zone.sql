-- How many ids of subscribers were given to readers whose clocks are so many hours
-- ahead of UTC. The counter 'subscriber' numbered all before; it is the lock of
-- those who add readers.
INSERT INTO counters (name, value) VALUES
  ('subscriber-12', 0), ('subscriber-11', 0), ('subscriber-10', 0), ('subscriber-09', 0), ('subscriber-08', 0), ('subscriber-07', 0), ('subscriber-06', 0), ('subscriber-05', 0), ('subscriber-04', 0),
  ('subscriber-03', 0), ('subscriber-02', 0), ('subscriber-01', 0), ('subscriber+00', 0), ('subscriber+01', 0), ('subscriber+02', 0), ('subscriber+03', 0), ('subscriber+04', 0), ('subscriber+05', 0),
  ('subscriber+06', 0), ('subscriber+07', 0), ('subscriber+08', 0), ('subscriber+09', 0), ('subscriber+10', 0), ('subscriber+11', 0), ('subscriber+12', 0), ('subscriber+13', 0), ('subscriber+14', 0);
