package optimize

// What is assumed where statistics say nothing. Fractions of rows unless said otherwise.
const (
	guessRows       = 1000.0  // rows of a table without statistics
	guessFileRows   = 10000.0 // rows of a file that does not say
	guessEqual      = 0.05    // expression = constant
	guessRange      = 0.3     // expression < constant
	guessBetween    = 0.1     // both bounds, unknown
	guessLikePrefix = 0.02
	guessLikeInside = 0.05 // %word%
	guessLikeMany   = 0.01 // %word%word%
	guessNot        = 0.05 // at least, NOT anything
	guessOther      = 0.5  // any other predicate
	guessHaving     = 0.05 // a condition on an aggregate
	guessResidual   = 0.9  // a further condition of an EXISTS
	guessDistinct   = 0.1  // distinct values of an expression, of its rows
	guessUnmatched  = 0.05 // at least, rows that an outer join extends by NULLs
	guessRecursion  = 10.0 // rounds of a recursive query
	leastFraction   = 1e-7
)

// What rows cost in a join; reading and filtering a base row costs scanWeight.
const (
	scanWeight   = 0.2
	buildWeight  = 2.0
	probeWeight  = 1.0
	outputWeight = 1.0
	crossWeight  = 0.2 // comparing one pair of a join without equalities
)
