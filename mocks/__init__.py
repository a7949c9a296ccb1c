"""One deterministic reference per capability: pure logic over a state that the caller keeps."""
