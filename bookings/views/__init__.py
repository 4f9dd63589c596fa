"""What drivers see of stations and bookings."""
