"""A platform that does not exist, written by the steps of ADDING_A_PLATFORM.md; `test_guide` puts it into a copy of this repository and runs the tests there."""
