//go:build race

package dispatch_test

// raceOn tells that times are not those of the product.
const raceOn = true
