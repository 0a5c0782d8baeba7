module github.com/claudemesh/claudemesh/sdk/go

go 1.23
