// Package plainreader reads repositories without any of the code that writes them: by docs/repository-format.md, the byte
// tables in the packages' comments, and the .proto files alone. It is nothing but a test, and keeps the documentation true:
// whoever changes the format or a sentence about it changes both. It imports the standard library, argon2, and the
// decompressors, and nothing of the product.
package plainreader
