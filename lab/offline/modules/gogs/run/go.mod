module github.com/sourcegraph/run
go 1.26.0
