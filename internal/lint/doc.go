// Package lint holds the tests that keep the house in order: who may import
// whom, package comments, file sizes, words that do not belong.
package lint
