package delivery

import "context"

// ArchiveDay closes the editions of a day as Retention does, and returns those of which rows are left.
func (s *Store) ArchiveDay(ctx context.Context, day int64) ([]int64, error) {
	return s.archive(ctx, day)
}

// DeleteChunk deletes the next rows of an archived edition.
func (s *Store) DeleteChunk(ctx context.Context, day, edition int64) (bool, error) {
	return s.deleteChunk(ctx, day, edition)
}

// ChunkSize is how many rows go at once.
const ChunkSize = chunkSize
