//go:build !amd64 || purego

package simd

// Vectorized reports whether the loops run in vector instructions.
func Vectorized() bool { return false }

func rangeBlocks[T Element]([]T, T, T, uint64, []uint64) int { return 0 }

func memberBlocks[T Element]([]T, uint64, int64, []uint64, bool, uint64, []uint64) int { return 0 }

func compareBlocks[A, B Element](bool, []A, int64, []B, int64, uint64, []uint64) int { return 0 }

func compressBlocks[T any]([]T, []T, []uint64) (int, int) { return 0, 0 }

func rowBlocks([]uint64, []uint32) (int, int) { return 0, 0 }

func populationBlocks([]uint64) (int, int) { return 0, 0 }

func widenBlocks[T Element]([]int64, []T, int64) int { return 0 }

func productBlocks[A, B Element]([]int64, []A, int64, []B, int64, int64) int { return 0 }

func countBlocks([]uint8, *[MaxCodes]int64, int) int { return 0 }

func sumBlocks[T Element]([]T, []uint8, *[MaxCodes]int64, *[MaxCodes]int64) int { return 0 }

func totalBlocks[T Element]([]T) (int64, int) { return 0, 0 }

func totalMaskedBlocks[T Element]([]T, []uint64) (int64, int) { return 0, 0 }

func pairBlocks([]uint8, []uint8, []uint8, *[16]uint8, *[16]uint8) int { return 0 }
