"""In words and pictures, for whom? Reads nothing but the files of `build/<study>/`."""
