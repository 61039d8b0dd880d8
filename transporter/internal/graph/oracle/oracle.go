// Package oracle holds nothing but tests: what package graph writes is read with the models of Microsoft's own SDK, and
// what those models write is read by package graph. Names, types and casings of JSON are thus checked against Microsoft's
// metadata and not against our reading of the documentation. The models take minutes to compile, which is why they are
// linked here and nowhere in the product.
package oracle
