"""What proves something: files, links and live objects of the portal, kept with the object that they speak for."""
