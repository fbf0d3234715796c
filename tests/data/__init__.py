"""From files to panels."""
