package delivery

// WatchSize is watchSize, for tests.
var WatchSize = watchSize
